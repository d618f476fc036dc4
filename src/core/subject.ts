// Subjects: what is protected, and what it leans on. A subject's name is its kind and its name (`check:db`); `leansOn`
// walks the dependencies to the roots, so that the incident can carry the root's name and the rest can stand under it.

export type SubjectKind = 'check' | 'node' | 'service' | 'person' | 'backup'

export const subjectOf = (kind: SubjectKind, name: string): string => `${kind}:${name}`

/** The bare name, without the kind. */
export const nameOf = (subject: string): string => subject.slice(subject.indexOf(':') + 1)

/** Another system, as the one that took or ended something: `service:pagerduty/main`. No person can be called so. */
export const serviceBy = (via: string, integration: string): string => subjectOf('service', `${via}/${integration}`)

/** The name of the integration, where it was one and no person. */
export const integrationOf = (by: string): string | undefined => (by.startsWith('service:') ? by.slice(by.indexOf('/') + 1) : undefined)

/** Everything that `name` leans on, nearest first, each once; cycles end where they close. */
export function leansOn(name: string, dependsOn: (name: string) => readonly string[]): string[] {
  const seen = new Set([name])
  const found: string[] = []
  let front: readonly string[] = [name]
  while (front.length > 0) {
    const next: string[] = []
    for (const at of front) {
      for (const on of dependsOn(at)) {
        if (seen.has(on)) continue
        seen.add(on)
        found.push(on)
        next.push(on)
      }
    }
    front = next
  }
  return found
}

/** The probable root: the deepest failing subject that can be reached from `name` through failing ones; `name` itself if none. */
export function rootOf(name: string, dependsOn: (name: string) => readonly string[], fails: (name: string) => boolean): string {
  const seen = new Set([name])
  let at = name
  for (;;) {
    const deeper = dependsOn(at).find((on) => !seen.has(on) && fails(on))
    if (deeper === undefined) return at
    seen.add(deeper)
    at = deeper
  }
}
