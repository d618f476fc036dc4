// How pages that people sign in for look, and those behind a link: one column for a phone, light and dark, targets of 44 px. A page behind a link is opened
// on a phone, at night, over whatever network there is: it carries only what it draws with.
import { BASE } from '../../words/look.ts'

const CORE = `[hidden]{display:none!important}
body{max-inline-size:42rem}
.door{max-inline-size:26rem}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:0 .75rem;padding:1.25rem 0 .5rem}
header b{font-size:1.0625rem}
h1{font-size:1.625rem;margin-block:1rem .25rem}
h2{font-size:1.125rem;line-height:1.3}
.hero{background:var(--surface);border-radius:10px;border-inline-start:6px solid var(--now);padding:.875rem 1.125rem;margin-block-start:.75rem}
.hero h1{margin:0}
${(['o','g','d','m','u'] as const).map((c) => `.hero.${c}{--now:var(--${c})}`).join('')}
.hero>p,.hero>h1{color:var(--text)}
.hero .i{color:var(--now)}
.hero h1+p{margin-block-start:.375rem}
.card{background:var(--surface);border-radius:12px;padding:1.125rem;margin-block-start:1rem}
.card>p,.card>ul,.card>ol,.card>code,.card>form,.card>div{margin-block-start:.625rem}
.card>:first-child{margin-block-start:0}
.rows>li{display:flex;flex-wrap:wrap;gap:.375rem .875rem;align-items:center;justify-content:space-between;padding:.75rem 0;border-block-start:1px solid var(--line)}
.rows>li:first-child{border:0;padding-block-start:0}
.rows>li:last-child{padding-block-end:0}
.rows>li>div{flex:1 1 14rem}
.s{font-size:.875rem}
.v{white-space:pre-line}
form p+p,.f+.f,.f+fieldset,fieldset+.f,.f+button,fieldset+button,form p+button,[data-does]>p+button,.rows+[data-does]{margin-block-start:.875rem}
.f label,legend{display:block;font-weight:600;margin-block-end:.25rem;padding:0}
.f>.s{font-weight:400;font-size:.875rem;margin:.25rem 0 0}
input:not([type=checkbox],[type=radio]),select{display:block;inline-size:100%;min-block-size:3rem;padding:.5rem .75rem;border:2px solid var(--soft);border-radius:10px;background:var(--page);color:var(--text);font:inherit}
input.code{font-size:1.375rem;letter-spacing:.2em;max-inline-size:14rem;font-variant-numeric:tabular-nums}
button,.go{display:block;inline-size:100%;min-block-size:3rem;padding:.625rem 1.125rem;border:2px solid var(--press);border-radius:10px;background:transparent;color:var(--text);font:inherit;font-weight:700;text-align:center;text-decoration:none;cursor:pointer}
.first{background:var(--press);color:var(--pressed)}
.stop{border-color:var(--d);color:var(--d)}
.secret{display:block;background:var(--page);border:1px dashed var(--soft);border-radius:10px;padding:.75rem .875rem;font:600 1rem/1.6 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere;-webkit-user-select:all;user-select:all}
.card p:empty{margin:0}
time{white-space:nowrap;font-variant-numeric:tabular-nums}
details{margin-block-start:.75rem}
summary{cursor:pointer;min-block-size:3rem;display:flex;align-items:center;justify-content:space-between;gap:1rem;padding:.5rem 1.125rem;border:2px solid var(--line);border-radius:10px;font-weight:600;list-style:none}
summary::-webkit-details-marker{display:none}
summary::after{content:"";flex:none;inline-size:.625rem;block-size:.625rem;border:solid;border-width:0 2px 2px 0;transform:rotate(45deg) translate(-2px,-2px);color:var(--soft)}
details[open]>summary::after{transform:rotate(225deg) translate(-2px,-2px)}
details>:not(summary){margin-block-start:.75rem}
`

const OWN = `nav ul{display:flex;flex-wrap:wrap;gap:.25rem;margin:.25rem 0 .5rem;padding:.25rem;background:var(--surface);border-radius:12px}
nav li{flex:1 1 auto}
nav a{display:flex;align-items:center;justify-content:center;min-block-size:2.75rem;padding:0 .625rem;border-radius:9px;text-decoration:none;font-weight:600;font-size:.9375rem}
nav a:hover{text-decoration:underline}
nav [aria-current]{background:var(--press);color:var(--pressed)}
h3{font-size:1rem}
.x-only{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.rows a.whole{display:flex;justify-content:space-between;align-items:center;gap:.875rem;inline-size:100%;min-block-size:3rem;text-decoration:none}
.rows a.whole::after{content:"›";font-size:1.5rem;color:var(--soft)}
.rows a.whole:hover b{text-decoration:underline}
fieldset{border:0;margin:0;padding:0}
.choice{display:flex;gap:.75rem;align-items:flex-start;min-block-size:2.75rem;padding:.5rem 0;margin:0!important;cursor:pointer}
.choice input{inline-size:1.375rem;block-size:1.375rem;margin:.0625rem 0 0;flex:none;accent-color:var(--press)}
.choice span span{display:block}
.small{inline-size:auto;min-block-size:2.75rem;padding:.375rem 1rem;font-weight:600}
.side{display:flex;flex-wrap:wrap;gap:.625rem}
.side .f{flex:1 1 10rem;margin:0!important}
.side button{inline-size:auto;align-self:end;margin:0!important}
.tag{display:inline-block;border:1px solid currentColor;border-radius:99px;padding:0 .625rem;font-size:.8125rem;font-weight:600;line-height:1.5rem;margin-inline-end:.25rem;color:var(--soft)}
.tag.m{color:var(--m)}
.codes>span{display:block;padding-block:.125rem;break-inside:avoid}
.codes{columns:16rem 2;font-size:.9375rem;-webkit-user-select:text;user-select:text}
.qr{display:block;inline-size:min(15rem,100%);block-size:auto;margin:0 auto;border-radius:12px;background:#fff}
[data-does][hidden]+.card .or{display:none}
.or+.steps{margin-block-start:1rem}
.steps{counter-reset:step}
.steps>li{counter-increment:step;position:relative;padding:0 0 1.5rem 3rem;color:var(--soft)}
.steps>li:last-child{padding-block-end:0}
.steps>li:not(:last-child)::after{content:"";position:absolute;inset-inline-start:.9375rem;inset-block:2.25rem .25rem;inline-size:2px;background:var(--line)}
.steps>li>h2{min-block-size:2rem;display:flex;align-items:center}
.steps>li>:not(h2){margin-block-start:.625rem}
.steps>li::before{content:counter(step);position:absolute;inset-inline-start:0;inset-block-start:0;inline-size:2rem;block-size:2rem;border:2px solid;border-radius:99px;display:grid;place-items:center;font-weight:700;font-size:.9375rem}
.steps>.is-now{color:var(--text)}
.steps>.is-now::before{background:var(--press);border-color:var(--press);color:var(--pressed)}
.steps>.is-done{color:var(--o)}
.steps>.is-done>*{color:var(--text)}
@supports (content:"✓"/""){.steps>.is-done::before{content:"✓"/""}}
@supports not (content:"✓"/""){.steps>.is-done::before{content:"✓"}}
dl{margin:0;display:grid;grid-template-columns:minmax(5.5rem,auto) 1fr;gap:.375rem 1rem}
dt{color:var(--soft)}
dd{margin:0}
.end{margin-block-start:1rem}
footer{margin-block-start:2rem;padding-block-start:.75rem;border-block-start:1px solid var(--line);display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between;font-size:.875rem}
@media(max-width:30rem){nav a{padding:0 .25rem;font-size:.875rem}.rows button.small{inline-size:100%}.rows>li>form{inline-size:100%}}
@media(forced-colors:active){nav [aria-current]{border:2px solid}}
@media print{nav,footer{display:none}}
`

/** What is so only on a narrow screen, without colours, or on paper: after all else, so that it counts. */
const ENDS = `@media(max-width:30rem){.card{padding:1rem}}
@media(forced-colors:active){.card,.hero{border:1px solid CanvasText}}
@media print{form{display:none}}
`

/** Of pages behind a link: a text, two words, a form, who is asked. */
export const LEAN = `${BASE}${CORE}${ENDS}`
/** Of all other pages. */
export const STYLE = `${BASE}${CORE}${OWN}${ENDS}`
