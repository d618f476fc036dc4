// The calendar: the only date arithmetic in the tree. Zones, days, local times, hand-offs of rotations, cron expressions, and
// instants as people read them. Everything goes through Temporal and croner; nothing here reads a clock. What it holds
// in memory between calls are answers that never change (a day of a zone, a hand-off of a rotation), each list bounded.
//
// Its promise for rotations: shifts of one rotation touch each other, in every zone, across every change of its clocks.
export { addDays, dayBounds, dayOf, dayStart, isZone, localInstant, weekdayOf, weekOf, type Day, type Local } from './calendar/zone.ts'
export { shiftAt, shiftsOf, type HandOffs, type Shift } from './calendar/shift.ts'
export { cronFault, nextCron, previousCron } from './calendar/cron.ts'
export { formatTime, isoTime, parseIso, parseMoment, zoneOffset } from './calendar/moment.ts'
