// What the pages of the console are put together from: fields with their labels, forms with their proof, moments.
import type { Instant } from '../../core/time.ts'
import { html, line, type Markup } from '../../words/markup.ts'
import { iso, zoneOf } from '../../words/moment.ts'
import type { Visit } from '../access.ts'
import { proof } from './frame.ts'

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'password'
  readonly value?: string
  /** As browsers and their keepers of passwords know it. */
  readonly fills?: string
  readonly help?: string
  readonly most?: number
  readonly required?: boolean
  readonly isCode?: boolean
}

/** A labelled field. What helps to fill it in is tied to it. */
export function field({ name, label, type = 'text', value = '', fills = 'off', help, most = 200, required = true, isCode = false }: Field): Markup {
  const quiet = type === 'text' && html` autocapitalize="none" autocorrect="off" spellcheck="false"`
  return html`<div class="f"><label for="${name}">${label}</label><input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${fills}" maxlength="${most}"${quiet}${required && html` required`}${isCode && html` class="code"`}${help !== undefined && html` aria-describedby="${name}-help"`}>${help !== undefined && html`<p class="s" id="${name}-help">${help}</p>`}</div>`
}

export interface Choice { readonly value: string; readonly label: string; readonly help?: string; readonly checked?: boolean }

/** Several boxes to tick, or one of several to choose. */
export const choices = (type: 'checkbox' | 'radio', name: string, legend: string, options: readonly Choice[]): Markup =>
  html`<fieldset><legend>${legend}</legend>${options.map(({ value, label, help, checked }) => html`<label class="choice"><input type="${type}" name="${name}" value="${value}"${type === 'radio' && html` required`}${checked === true && html` checked`}><span><b>${label}</b>${help !== undefined && html`<span class="s">${help}</span>`}</span></label>`)}</fieldset>`

export const select = (name: string, label: string, options: readonly Choice[]): Markup =>
  html`<div class="f"><label for="${name}">${label}</label><select id="${name}" name="${name}">${options.map(({ value, label: says, checked }) => html`<option value="${value}"${checked === true && html` selected`}>${says}</option>`)}</select></div>`

export interface Form {
  readonly to: string
  readonly button: string
  readonly kind?: 'first' | 'stop' | 'small' | 'plain'
  /** For those who hear the page: what the button is about. */
  readonly about?: string
  readonly fields?: readonly Markup[]
  readonly hidden?: Readonly<Record<string, string>>
}

const CLASSES = { first: 'first', stop: 'stop', small: 'small', plain: '' }

/** A form that relies on the session. */
export const form = (visit: Visit, { to, button, kind = 'plain', about, fields = [], hidden = {} }: Form): Markup =>
  html`<form method="post" action="${to}">${proof(visit)}${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}${fields}<button class="${CLASSES[kind]}"${about !== undefined && html` aria-label="${button}: ${line(about, 100)}"`}>${button}</button></form>`

/** A moment in the site's zone. */
export const moment = (at: Instant, now: Instant, timezone: string): Markup => html`<time datetime="${iso(at)}">${zoneOf(timezone).moment(at, now)}</time>`

/** What a form sent, as an object for a strict schema: several values of one name are a list. */
export function fieldsOf(form: URLSearchParams, lists: readonly string[] = []): Record<string, string | string[]> {
  const read: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  for (const name of new Set(form.keys())) read[name] = lists.includes(name) ? form.getAll(name) : (form.get(name) ?? '')
  for (const name of lists) read[name] ??= []
  return { ...read }
}
