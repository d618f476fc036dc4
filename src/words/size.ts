// Sizes as people read them: powers of 1,024, three digits.

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const

/** `0 B`, `999 B`, `1.2 GiB`, `512 MiB`. */
export function saySize(bytes: number): string {
  let unit = 0
  let size = bytes
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1024
    unit++
  }
  return `${unit === 0 || size >= 99.95 ? Math.round(size) : Number(size.toFixed(1))} ${UNITS[unit]}`
}
