// An authenticator's secret as its app reads it.

/** RFC 4648, without padding; spaces as people see them are left out. */
export function fromBase32(text: string): Uint8Array {
  const bits = [...text.replaceAll(' ', '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Uint8Array.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
