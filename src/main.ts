// Where every command begins. `up` becomes the watchdog, which starts the other processes from their own files; everything else
// is the command line client. What is not needed is not loaded.
import { runCli, type Outside } from './cli/main.ts'

const goOnWarm = async (): Promise<void> => (await import('./processes/watchdog/warm.ts')).goOnWarm()

const VERSION = '0.1.0'

const outside: Outside = {
  version: VERSION,
  async up(wants) {
    const { beginWarm } = await import('./processes/watchdog/warm.ts')
    await beginWarm((line) => process.stderr.write(`${line}\n`))
    const { watch } = await import('./processes/watchdog.ts')
    // What a start that failed had opened by then must not keep it alive.
    process.exit(await watch(wants))
  },
  async plugins() {
    const { probes, channels, stores, catalogues, drivers } = await import('./plugins/list.gen.ts')
    return { probes, channels, stores, catalogues, drivers }
  },
  async scan(wants) {
    await goOnWarm()
    const { giveWay } = await import('./processes/scan/priority.ts')
    const { scan } = await import('./processes/scan/scan.ts')
    giveWay()
    return scan(wants)
  },
  async scanPages(wants) {
    await goOnWarm()
    const { giveWay } = await import('./processes/scan/priority.ts')
    const { scanPages } = await import('./processes/scan/pages.ts')
    giveWay()
    return scanPages(wants)
  },
  async scanRelations(wants) {
    await goOnWarm()
    const { giveWay } = await import('./processes/scan/priority.ts')
    const { openExamining } = await import('./processes/scan/relations/open.ts')
    const { scanRelations } = await import('./processes/scan/relations/relations.ts')
    giveWay()
    const examining = openExamining()
    try {
      return await scanRelations(wants, examining)
    } finally {
      examining.close()
    }
  },
  async restoring() {
    const { restoreTools } = await import('./processes/restore/tools.ts')
    return restoreTools
  },
  async tallies(data) {
    const { openTallies } = await import('./cli/exec/tallies.ts')
    return openTallies(data)
  },
}

// Loading this file alone runs nothing: the code cache is prepared like that.
if (import.meta.main) process.exitCode = await runCli(process.argv.slice(2), process.env, outside)
