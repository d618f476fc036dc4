// What a component is worth to the public, from the checks behind it: all fail is a major outage, some fail a partial one;
// else anything unknown makes it degraded, and says that it is not known. A heartbeat that never reported counts only when
// it is alone, and so does a paused one. Silence is never "operational".
import type { ComponentStatus } from './board.ts'

export type PublicSide = 'new' | 'up' | 'down' | 'unknown' | 'paused'

export interface Part {
  readonly side: PublicSide
  readonly heartbeat: boolean
}

export interface ComponentState {
  readonly status: ComponentStatus
  readonly unknown: boolean
}

export function stateOf(parts: readonly Part[]): ComponentState {
  const told = parts.filter((part) => part.side !== 'paused' && !(part.heartbeat && part.side === 'new'))
  const counted = told.length > 0 ? told : parts
  const down = counted.filter((part) => part.side === 'down').length
  if (counted.length > 0 && down === counted.length) return { status: 'major_outage', unknown: false }
  if (down > 0) return { status: 'partial_outage', unknown: false }
  if (counted.length === 0 || counted.some((part) => part.side !== 'up')) return { status: 'degraded_performance', unknown: true }
  return { status: 'operational', unknown: false }
}

export const isOutage = (status: ComponentStatus): boolean => status === 'major_outage' || status === 'partial_outage'

/** Statuspage's impact of a set of component states. */
export const impactOf = (states: readonly ComponentStatus[]): 'none' | 'minor' | 'major' | 'critical' => {
  if (states.includes('major_outage')) return states.every((s) => s === 'major_outage') && states.length > 1 ? 'critical' : 'major'
  if (states.includes('partial_outage')) return 'minor'
  return states.includes('degraded_performance') ? 'minor' : 'none'
}
