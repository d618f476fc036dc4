// The one script of these pages: it asks the browser for a passkey and hands over what the browser says. It decides nothing, keeps
// nothing, and takes texts from the page. Without it, or in a browser without passkeys, its buttons stay hidden and the forms
// beside them do. Served as a file of ours under script-src 'self'; there is no other script.

/** Where it is served. */
export const SCRIPT_PATH = '/passkey.js'

export const SCRIPT = `
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0))
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, '-').replace(/\\//g, '_').replace(/=+$/, '')
const keys = (list) => (list ?? []).map((key) => ({ ...key, id: bytes(key.id) }))

async function post(path, csrf, body) {
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...(csrf ? { 'x-csrf': csrf } : {}) }
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), credentials: 'same-origin', redirect: 'error' })
  const said = await answer.json()
  if (!answer.ok) throw new Error([said.detail, said.help].filter(Boolean).join(' '))
  return said
}

async function make(options) {
  const { id, type, response } = await navigator.credentials.create({ publicKey: { ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) }, excludeCredentials: keys(options.excludeCredentials) } })
  return { made: { id, type, response: { clientDataJSON: text(response.clientDataJSON), attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] } } }
}

async function show(options) {
  const { id, type, response } = await navigator.credentials.get({ publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: keys(options.allowCredentials) } })
  return { shown: { id, type, response: { clientDataJSON: text(response.clientDataJSON), authenticatorData: text(response.authenticatorData), signature: text(response.signature), userHandle: response.userHandle ? text(response.userHandle) : null } } }
}

const hidden = (form, name, value) => {
  const field = [...form.querySelectorAll('input[type=hidden]')].find((it) => it.name === name) ?? form.appendChild(Object.assign(document.createElement('input'), { type: 'hidden', name }))
  field.value = value
}

async function press(place, button) {
  const { does, ask, send, csrf, next, hash } = place.dataset
  const bound = hash ? { hash } : {}
  const { options } = await post(ask, csrf, bound)
  const said = await post(send, csrf, { ...bound, ...(does === 'make' ? await make(options) : await show(options)) })
  if (does !== 'prove') return location.assign(next || said.to)
  const form = button.form ?? button.closest('form')
  hidden(form, 'proof', said.proof)
  if (button.name) hidden(form, button.name, button.value)
  form.noValidate = true
  form.submit()
}

if (window.PublicKeyCredential) {
  for (const place of document.querySelectorAll('[data-does]')) {
    place.hidden = false
    const button = place.querySelector('button')
    button.addEventListener('click', async () => {
      const says = place.querySelector('[role=status]')
      button.disabled = true
      says.textContent = place.dataset.waits
      try {
        await press(place, button)
      } catch (cause) {
        says.textContent = cause.name === 'NotAllowedError' ? place.dataset.gone : cause.name === 'InvalidStateError' ? place.dataset.known : cause.message || place.dataset.gone
      }
      button.disabled = false
    })
  }
}
`
