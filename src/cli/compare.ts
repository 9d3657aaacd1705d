import type { Command } from 'commander'

export function compareCommand(program: Command): Command {
  return program.command('compare')
}
