// What stands behind a code: a paragraph for `holdfast explain HF101`. Codes are never reused; one that is no longer given keeps
// its entry. Errors are below HF150, warnings from there on.

const TEXTS: Readonly<Record<string, readonly [title: string, text: string]>> = {
  HF100: ['A file cannot be read', 'The file is missing, is no regular file, may not be read by this user, or is not UTF-8 text. Editors on Windows sometimes save UTF-16: choose UTF-8. Nothing is guessed from half a file: Holdfast does not start with it, and one that runs keeps the configuration that it has.'],
  HF101: ['Unknown setting', 'Every setting is known by name; an unknown one is an error, because a mistyped “depend_on” that is silently ignored costs a night. The help names the nearest setting when it is near enough to be a slip.'],
  HF102: ['Not YAML', 'The text breaks the rules of YAML: a tab as indentation, a quote or bracket that is not closed, two “name: value” on one line. The place shown is where reading stopped making sense; the cause is there or shortly before. Other parts of a file that is broken in this way are judged only once it can be read.'],
  HF103: ['Something stands twice', 'Names are unique within their section, over holdfast.yaml and all files in conf.d. YAML itself would let the last one win without a word; here nothing wins, so that no check vanishes by copy and paste.'],
  HF104: ['A value that does not fit', 'The setting exists, but wants another kind of value, or one within bounds. In YAML “no”, “yes”, “on” and “off” are words: write true or false. Numbers that are meant as texts need quotes.'],
  HF105: ['A setting is missing', 'What is named must be given; there is no sensible value to assume.'],
  HF106: ['A time that does not fit', 'Times carry their unit: 800ms, 30s, 5m, 1h30m, 2d. They are bounded: nothing is looked at more than once a second, a look may take no longer than the time until the next one, and no timer is longer than 24 days.'],
  HF107: ['A name that cannot be one', 'Names are keys: they stand in commands, links and metrics. They have letters (A to Z), digits, “-”, “_” and “.”, at least one letter, at most 63 characters. What YAML reads as a number, as true or as nothing needs quotes or another name. Components of a status page and titles are free texts.'],
  HF108: ['Too large', 'A file has at most 1 MiB (split it into conf.d/*.yaml), nests at most 40 levels, and its anchors and aliases expand to a bounded number of values.'],
  HF109: ['Version of the file', 'The first line of a configuration is “version: 1”. A file of a newer version is refused instead of half understood.'],
  HF110: ['What kind it is', 'A check says what it looks at by a key such as http, tcp or heartbeat; a channel says how it reaches people by a key such as smtp or webhook. Exactly one such key must stand in it.'],
  HF111: ['A name that leads nowhere', 'A check, person, rotation (as oncall.name), channel or escalation policy is named that does not exist. An alarm that refers to nobody would be found out in the night, so it is found out now.'],
  HF112: ['A circle of dependencies', 'Checks lean on each other in a circle, so that none could be the root of the others. Take out the dependency that is not one.'],
  HF113: ['A person lacks what a channel needs', 'The ladder of a person names a channel that cannot reach them: mail needs an e-mail address, calls and texts a telephone number.'],
  HF114: ['A step that reaches nobody', 'None of the people of a step has a channel, so the step would pass in silence. Every step reaches at least one person.'],
  HF115: ['wait and repeat', 'Each step waits for an answer before the next begins (wait). The last one repeats (repeat, 5m when left out) until somebody takes it, without an end.'],
  HF116: ['A time of the calendar that cannot be', 'A cron expression has five fields (minute hour day month weekday) and must come at some time. Zones are named as in Europe/Berlin. Rotations are daily, weekly, or every n days or weeks; they are handed off at a local time (“09:00”) or on a day and time (“Mon 09:00”); where “starts” is given it is such a day.'],
  HF117: ['A secret is missing', 'A secret is looked for in HOLDFAST_SECRET_<NAME> (capitals, “-” becomes “_”), then in secrets/<name> beside the configuration, then among the credentials of the service manager ($CREDENTIALS_DIRECTORY/<name>).'],
  HF118: ['A secret that cannot be used', 'It is empty, cannot be read, has a line break inside, or is not written as ${secret:name}. An empty one is not passed over: somebody meant it to be there. One newline at the end is cut off.'],
  HF119: ['A secret in the wrong place', 'Secrets never stand in the file itself, which lies in version control, nor where they would be shown (the site, people, status pages). Put the value where HF117 says and write ${secret:name}. Within an address only the password may be a secret: "smtp://user:${secret:smtp}@relay"; it is percent-encoded for you. Headers and bodies may be written out while they carry no credentials: what is called authorization, cookie, api key, token, secret, password or the like, or looks like it, is refused.'],
  HF120: ['When a heartbeat is expected', 'A heartbeat has either a period (every: 10m) or a calendar (schedule: "15 2 * * *", in the time zone of the site or its own). The pace in defaults.check is that of looks and does not count for it.'],
  HF121: ['Two of what must be one', 'A channel twice in one ladder, two status pages with the same address or folder, two integrations with the same key: one of them would be lost or overwritten.'],
  HF122: ['Where a status page is published', 'Status pages are published into folders ("dir:./public", relative to the configuration). A folder that contains the configuration is refused, for secrets may lie beside it.'],
  HF123: ['An address that cannot be watched', 'What is given to “holdfast up” is an http or https address with a host.'],
  HF124: ['A placeholder that stands for nothing', 'In the texts of a runbook {{host}}, {{host.address}}, {{host.rack}}, {{host.power}}, {{host.switch}} and {{cluster}} stand for values of the topology, each within the one text or word in which it is written. Every host that the runbook can run on needs the value: it is missed now, and not in the middle of the work.'],
  HF125: ['A step whose end nobody sees', 'A step that a person does, and one that takes something down, says what has to be seen before it counts as done (until: …). That somebody says “done” is not enough: a disk was once gone, and everybody believed that the work was finished.'],
  HF150: ['Nobody would be paged', 'No person, or no person whom a channel reaches. Holdfast watches and tells, but an incident rings nowhere.'],
  HF151: ['A check that the public does not see', 'No component of any status page stands for it. That is right for inner things; it is shown here because it is often forgotten.'],
  HF152: ['A person whom nobody pages', 'They stand in no rotation and no step, so only the fallback would ring them.'],
  HF153: ['Something that is not used', 'A rotation that no step pages, a channel that no ladder names, a policy that nothing escalates to. Mostly a slip elsewhere.'],
  HF154: ['Links that lead to this machine only', 'site.url is a loopback address, so the links in pages (“I have it”) work nowhere else. Set it to the address under which phones reach Holdfast.'],
  HF155: ['A file that is not read', 'conf.d/*.yaml and runbooks/*.yaml are read; a file that ends in .yml is not.'],
  HF156: ['A person who cannot be reached', 'No channel fits this person: add an e-mail address, a telephone number or a channel that needs neither.'],
  HF157: ['More observers than there are', 'seen_from says how many observers must see a failure. So far there is one, this node, and never more are asked for than there are: what it sees alone counts. Anchors under horizon tell whether it is this node that is cut off, and fail_after how often it must see it.'],
  HF158: ['Everything hangs on one thing', 'All members of a cluster hang on the same rack, feed or switch. How many further failures are tolerated is counted over what fails together, and without what they all share, since whatever is done, nothing tolerates the loss of that. It is shown wherever the number is shown.'],
  HF159: ['No write is tried', 'A cluster of databases with “as” is asked how it stands, and without “canary” no write is tried in it. A cluster that says that it is well and commits nothing then passes, and opens the gate of a step. What a plan says of such a cluster names that.'],
}

export const codes = (): string[] => Object.keys(TEXTS)

/** The paragraph behind a code, written in whatever case; `undefined` when there is no such code. */
export function explain(code: string): string | undefined {
  const found = Object.hasOwn(TEXTS, code.toUpperCase()) ? TEXTS[code.toUpperCase()] : undefined
  return found && `${code.toUpperCase()}: ${found[0]}\n\n${found[1]}`
}
