// The board's one style element, and the policy that names it by its hash. Nothing is drawn by a script, so what has to change
// by itself does so here: a page left open for five minutes says that it no longer knows (a step, not a motion).
import { BASE, policyFor } from '../../words/look.ts'

/** The whole style of a board. */
export const BOARD_STYLE = `${BASE}body{max-inline-size:54.875rem}
header{padding:1.5rem 0 .75rem}
.site{font-weight:700}
h1{font-size:1.625rem}
h2{font-size:1.0625rem;margin:2rem 0 .5rem}
h3{font-size:1rem}
.hero,.st,.c{background:var(--surface);border-radius:10px;padding:1rem 1.125rem}
.hero{padding-block:1.25rem}
.hero p{margin-block-start:.25rem}
.hero,.st{border-inline-start:6px solid}
.t{color:var(--text)}
.t .s,.hero .s{color:var(--soft)}
.st,.c,.p{margin-block-start:.625rem}
.t h3{font-size:1.125rem;line-height:1.35}
.v{white-space:pre-line}
.e li{margin-block-start:.75rem}
.e li:first-child{margin-block-start:.5rem}
.c{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline}
.c h3{flex:1 1 auto;max-inline-size:100%}
.r{font-weight:700;text-align:end;margin-inline-start:auto}
.since{font-weight:400}
.last{display:block;font-size:.875rem}
.b{display:block;inline-size:100%;block-size:2.5rem}
.b path{fill:none;stroke-width:7}
.b .k,.b .n{stroke:var(--o);stroke-width:22;stroke-dasharray:7 2}
.b .n{stroke:var(--line)}
.b .h{stroke:var(--surface);stroke-width:20;stroke-dasharray:5 4}
.b .q{stroke:var(--u);stroke-dasharray:4 2}
.b .w{stroke:var(--g)}
.b .f{stroke:var(--d)}
.a{inline-size:100%;margin-block-start:.125rem;display:grid;grid-template-columns:1fr auto 1fr;gap:0 .75rem;font-size:.875rem}
.a>:last-child{text-align:end}
.c details{inline-size:100%;font-size:.875rem}
summary{cursor:pointer;inline-size:fit-content;min-block-size:1.5rem;color:var(--soft)}
details ul{columns:14rem;padding-block-start:.25rem}
.p{border-block-start:1px solid var(--line);padding-block-start:.75rem}
.p .s,.p summary,.e .s{font-size:.875rem}
footer{margin-block-start:2.5rem;font-size:.875rem}
footer a,.late a{display:inline-block;min-block-size:1.5rem;margin-inline-end:1rem}
.late{position:sticky;inset-block-start:0;z-index:1;max-block-size:0;overflow:hidden;visibility:hidden;background:var(--text);color:var(--page);border-radius:0 0 10px 10px;padding-inline:1.125rem;animation:late 0s 300s forwards}
.late a{margin-inline-start:.5rem}
@keyframes late{to{visibility:visible;max-block-size:12rem;padding-block:.75rem}}
@media(max-width:40rem){h1{font-size:1.375rem}.last{max-inline-size:11rem;margin-inline-start:auto}.hero,.st,.c{padding-inline:.875rem}.a{grid-template-columns:auto 1fr}.a>:nth-child(2){order:3;grid-column:1/-1}}
@media print{.hero,.st,.c{border:1px solid var(--line);break-inside:avoid}.hero,.st{border-inline-start:6px solid}.late,footer a{display:none}.b{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
@media(forced-colors:active){.hero,.st,.c{border:1px solid CanvasText}}
`

/** The policy to serve a board with; the static page carries the same in a meta element. */
export const BOARD_POLICY: string = policyFor(BOARD_STYLE, 'none')
