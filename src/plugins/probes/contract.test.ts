import { probeContract } from '../../ports/probe.contract.ts'
import { probes } from '../list.gen.ts'

probeContract(probes)
