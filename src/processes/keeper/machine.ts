// By which addresses and names the machine is known that the keeper runs on: work on it is work on Holdfast itself. Read anew each time, since an address may come and
// go with its interface.
import { hostname, networkInterfaces } from 'node:os'

/** The machine's name, and every address that an interface of it has now. */
export const machineNames = (): readonly string[] => [hostname(), ...Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address))]
