import assert from 'node:assert/strict'
import test from 'node:test'
import { BASE, COLOURS, policyFor, tabPicture } from './look.ts'

const luminance = (hex: string): number => {
  const full = hex.length === 4 ? [...hex.slice(1)].map((c) => c + c).join('') : hex.slice(1)
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((i) => Number.parseInt(full.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.040_45 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
const contrast = (a: string, b: string): number => {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}
const blocks = { light: /:root\{color-scheme[^}]*\}/.exec(BASE)?.[0] ?? '', dark: /prefers-color-scheme:dark\)\{:root\{([^}]*)\}/.exec(BASE)?.[0] ?? '' }
const token = (mode: 'light' | 'dark', name: string): string => new RegExp(`--${name}:(#[0-9a-f]+)`).exec(blocks[mode])?.[1] ?? 'absent'

test('every state and every text has 4.5:1 on page and surface, in light and dark', () => {
  for (const mode of ['light', 'dark'] as const) {
    for (const ground of ['page', 'surface']) {
      for (const colour of [...Object.values(COLOURS[mode]), token(mode, 'text'), token(mode, 'soft')]) {
        assert.ok(contrast(colour, token(mode, ground)) >= 4.5, `${colour} on ${mode} ${ground}: ${contrast(colour, token(mode, ground)).toFixed(2)}`)
      }
    }
    assert.ok(contrast(token(mode, 'press'), token(mode, 'pressed')) >= 4.5)
  }
})

test('the policy allows one style by its hash, and nothing else that acts', () => {
  assert.equal(policyFor('a{}', 'none'), "default-src 'none'; style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
})

test('the tab’s picture is one attribute without a quote or a bracket in it', () => {
  for (const shape of ['ok', 'degraded', 'down', 'maintenance', 'unknown'] as const) assert.match(tabPicture(shape).markup, /^<link rel="icon" href="data:image\/svg\+xml,[^"<>#]*">$/)
})
