// The keys of a bucket that is made up: numbered, in folders of a thousand, in the order of their bytes. Which of them have rows is a rule.
const DIGITS = 9
const FOLDER = 6
const PREFIX_LENGTH = 'customers/'.length + FOLDER + 1

export const PREFIX = 'customers/'

export function keyOf(n: number): string {
  const digits = String(n).padStart(DIGITS, '0')
  return `${PREFIX}${digits.slice(0, FOLDER)}/${digits}.tar.zst`
}

export const numberOf = (key: string): number => Number(key.slice(PREFIX_LENGTH, PREFIX_LENGTH + DIGITS))

/** Every so-and-so-many-th object has no row. */
export const isOrphan = (n: number, every: number): boolean => n % every === every - 1
