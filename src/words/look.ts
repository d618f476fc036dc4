// What every page of Holdfast looks like: colours, shapes, type. The colours were searched for under simulated colour
// blindness and hold 4.5:1 on page and surface; a state never speaks by colour alone (shape, word, colour). No scripts, no
// foreign assets: one style element, whose hash stands in the policy that the page is served with.
import { createHash } from 'node:crypto'
import type { Markup } from './markup.ts'

/** The five states that people see; an outage of a part has the shape of a degradation and a word of its own. */
export type Shape = 'ok' | 'degraded' | 'down' | 'maintenance' | 'unknown'

export const COLOURS: Readonly<Record<'light' | 'dark', Readonly<Record<Shape, string>>>> = {
  light: { ok: '#068073', degraded: '#a25e13', down: '#9b0010', maintenance: '#0e4ca1', unknown: '#4a4e57' },
  dark: { ok: '#86f0dd', degraded: '#fbb701', down: '#e5606a', maintenance: '#4a90e2', unknown: '#a9b2be' },
}

const GROUND = {
  light: { page: '#fff', surface: '#f6f8fb', text: '#14181f', soft: '#565d69', line: '#c3c9d3', press: '#14181f', pressed: '#fff' },
  dark: { page: '#0e1217', surface: '#181d25', text: '#e9ecf1', soft: '#a6aebb', line: '#404854', press: '#f1f3f7', pressed: '#14181f' },
}

const SHORT: Readonly<Record<Shape, string>> = { ok: 'o', degraded: 'g', down: 'd', maintenance: 'm', unknown: 'u' }

/** The class that gives an element a state's colour. */
export const classOf = (shape: Shape): string => SHORT[shape]

const tokens = (mode: 'light' | 'dark'): string =>
  [...Object.entries(COLOURS[mode]).map(([shape, colour]) => `--${SHORT[shape as Shape]}:${colour}`), ...Object.entries(GROUND[mode]).map(([name, colour]) => `--${name}:${colour}`)].join(';')

/** Rules that all pages share. */
export const BASE = `:root{color-scheme:light dark;${tokens('light')}}
@media(prefers-color-scheme:dark){:root{${tokens('dark')}}}
@media(forced-colors:active){:root{--o:CanvasText;--g:CanvasText;--d:CanvasText;--m:CanvasText;--u:CanvasText;--surface:Canvas;--line:GrayText}}
*{box-sizing:border-box}
body{margin:0 auto;padding:0 1rem 2.5rem;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere;-webkit-text-size-adjust:100%}
h1,h2,h3,p,ul,ol{margin:0;padding:0}
ul,ol{list-style:none}
a{color:inherit;text-underline-offset:.2em}
:focus-visible{outline:3px solid var(--m);outline-offset:2px;border-radius:4px}
.i{width:1em;height:1em;flex:none;fill:currentColor;stroke:none;vertical-align:-.12em}
.x{position:absolute}
h1{display:flex;gap:.4em;line-height:1.25;text-wrap:balance}
h1 .i{margin-block-start:.125em}
.s{color:var(--soft)}
${Object.values(SHORT).map((c) => `.${c}{color:var(--${c})}`).join('')}
`

const DRAWN: Readonly<Record<Shape, string>> = {
  ok: '<circle cx="8" cy="8" r="6.5"/>',
  degraded: '<path d="M8 1.2 15.4 14.5H.6z"/>',
  down: '<path d="m2.5 2.5 11 11m0-11-11 11" fill="none" stroke="currentColor" stroke-width="3"/>',
  maintenance: '<rect x="2" y="2" width="12" height="12" rx="2"/>',
  unknown: '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="2.6" stroke-dasharray="3.1 3.183"/>',
}

/** The shapes, to stand once near the start of the body: all of them, or those that are drawn in a text. */
export const shapesFor = (drawn?: string): Markup => ({
  markup: `<svg class="x" width="0" height="0" aria-hidden="true">${Object.entries(DRAWN).map(([shape, it]) => [`i-${SHORT[shape as Shape]}`, it] as const).filter(([id]) => drawn === undefined || drawn.includes(`#${id}"`)).map(([id, it]) => `<symbol id="${id}" viewBox="0 0 16 16">${it}</symbol>`).join('')}</svg>`,
})
export const SHAPES: Markup = shapesFor()

/** A shape, drawn where it stands; the word beside it says what it means. */
export const icon = (shape: Shape): Markup => ({ markup: `<svg class="i" aria-hidden="true"><use href="#i-${SHORT[shape]}"/></svg>` })

/** The shape as the tab's picture. */
export function tabPicture(shape: Shape): Markup {
  const colour = COLOURS.light[shape]
  const drawn = DRAWN[shape].replaceAll('currentColor', colour).replaceAll('"', "'")
  const picture = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' fill='${colour}'>${drawn}</svg>`
  return { markup: `<link rel="icon" href="data:image/svg+xml,${picture.replaceAll('#', '%23').replaceAll('<', '%3C').replaceAll('>', '%3E')}">` }
}

/** The Content-Security-Policy of a page with this one style element: no script, nothing foreign, never in a frame. */
export const policyFor = (style: string, forms: 'none' | 'self'): string =>
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; img-src data:; base-uri 'none'; form-action '${forms}'; frame-ancestors 'none'`
