// A QR code as a drawing in the page: dark on light whatever the colours of the page are, since cameras want it so, with the quiet
// margin that the standard asks for (ISO/IEC 18004: four modules).
import { encode } from 'uqr'
import { html, type Markup } from '../../words/markup.ts'

const MARGIN = 4

export function drawQr(text: string, says: string): Markup {
  const { data, size } = encode(text, { ecc: 'M', border: MARGIN })
  const runs: string[] = []
  for (const [y, row] of data.entries()) {
    for (let x = 0; x < size; x++) {
      const from = x
      while (x < size && row[x] === true) x++
      if (x > from) runs.push(`M${from} ${y}h${x - from}v1H${from}z`)
    }
  }
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${says}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h${size}v${size}H0z"/><path fill="#000" d="${runs.join('')}"/></svg>`
}
