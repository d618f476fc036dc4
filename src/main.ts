// Where every command begins. `up` becomes the watchdog, which starts the other processes from their own files; everything else
// is the command line client. What is not needed is not loaded.
const [, , command, ...rest] = process.argv

if (command === 'up') {
  const { readUp } = await import('./cli/up.ts')
  const read = readUp(rest)
  if (read.is === 'run') {
    const { watch } = await import('./processes/watchdog.ts')
    process.exit(await watch(read.up))
  }
  if (read.is === 'help') process.stdout.write(read.text)
  else process.stderr.write(`${read.says}\n`)
  process.exitCode = read.is === 'help' ? 0 : 2
} else {
  const { runCli } = await import('./cli/main.ts')
  process.exitCode = await runCli(process.argv.slice(2))
}
