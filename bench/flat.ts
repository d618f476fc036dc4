// Looks flat out: the prober's own look loop (runner, probe, egress; 32 under way) beside a bare loop of `http.get`, in turns,
// against the same server. Counted by the CPU that each spends, since on a small machine the server would be the limit.
import { cpuOf } from './machine.ts'
import { play, sleep, target, type Measurement } from './rig.ts'

const WARM = 3000
const SPAN = 6000
const TURNS = 2

interface Said { readonly looks: number; readonly failed: number }

async function flatOut(way: 'flat' | 'prober', port: number): Promise<{ looks: number; cpu: number }> {
  const loop = play<object, Said>('./bare.ts', [way, String(port)])
  try {
    await sleep(WARM)
    const before = { ...(await loop.ask({})), cpu: cpuOf(loop.pid) }
    await sleep(SPAN)
    const after = { ...(await loop.ask({})), cpu: cpuOf(loop.pid) }
    if (after.failed > 0) throw new Error(`${after.failed} looks of ${way} failed`)
    return { looks: after.looks - before.looks, cpu: after.cpu - before.cpu }
  } finally {
    loop.end()
  }
}

const measurement: Measurement = {
  about: `looks flat out, ${TURNS} × ${SPAN / 1000} s each in turns`,
  async measure() {
    const at = await target()
    const sums = { flat: { looks: 0, cpu: 0 }, prober: { looks: 0, cpu: 0 } }
    try {
      for (let turn = 0; turn < TURNS; turn++) {
        for (const way of ['flat', 'prober'] as const) {
          const { looks, cpu } = await flatOut(way, at.web)
          sums[way].looks += looks
          sums[way].cpu += cpu
        }
      }
    } finally {
      at.end()
    }
    const perCpu = ({ looks, cpu }: { looks: number; cpu: number }): number => (looks * 1000) / cpu
    const rate = ({ looks }: { looks: number }): string => `${((looks * 1000) / (SPAN * TURNS)).toFixed(0)}/s`
    const share = perCpu(sums.prober) / perCpu(sums.flat)
    return [
      { what: 'bare loop', is: `${perCpu(sums.flat).toFixed(0)} looks a CPU second (${rate(sums.flat)} here)` },
      { what: "the prober's loop", is: `${perCpu(sums.prober).toFixed(0)} looks a CPU second (${rate(sums.prober)} here)` },
      { what: 'share of the bare loop', is: `${(share * 100).toFixed(0)} %`, goal: '≥ 50 %', met: share >= 0.5 },
    ]
  },
}
export default measurement
