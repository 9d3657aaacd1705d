/** What tools take and give, as far as several of them share it. */
import * as z from 'zod'

/** Bytes of all texts of a call, and how many there may be. */
const MOST_TEXT = 8_000_000
const MOST_TEXTS = 50
const MOST_NAMES = 1000
/** Of a filter, a packet, a command. */
const MOST_WORDS = 20_000

export const words = z.string().min(1).max(MOST_WORDS)

/** Which files a tool reads. */
export const INPUTS = {
  inputs: z
    .array(z.string().min(1).max(4096))
    .max(MOST_NAMES)
    .optional()
    .describe(
      'Files or folders beneath those that the server was started with, by name as list_inputs gives it. The name of a trace names what it saw. Absent: all files, or the texts alone where texts are given.',
    ),
  texts: z
    .array(z.object({ name: z.string().min(1).max(200), text: z.string().max(MOST_TEXT) }))
    .max(MOST_TEXTS)
    .refine((texts) => texts.reduce((sum, { text }) => sum + text.length, 0) <= MOST_TEXT, {
      error: `all texts together may have ${MOST_TEXT} characters`,
    })
    .optional()
    .describe('Pasted captures, rulesets and host state (the output of commands); what each is, is detected.'),
}

/** Which machine a tool asks. */
export const WHERE = {
  where: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe(
      'A --via that the server was started with, word for word. Absent: the first of them, or this host where none was given.',
    ),
}

export const MACHINE = z
  .string()
  .max(300)
  .optional()
  .describe('Where the inputs are of several machines: the name of one, as list_inputs gives it.')

export const SELECT = {
  filter: words
    .optional()
    .describe("Only packets that match, in tcpdump's syntax: tcp dst port 52000; host 10.0.0.1 and in eth0; syn"),
  outcome: z
    .array(z.string().max(100))
    .max(20)
    .optional()
    .describe('Only packets with these outcomes: dropped, rejected, vanished, undetermined, delivered …'),
  rule: z
    .array(words)
    .max(20)
    .optional()
    .describe('Only packets that match these rules: nat:KUBE-NODEPORTS:16, inet filter input handle 7'),
}

export const LEFT_OUT = {
  leftOut: z
    .array(z.string())
    .describe('What this answer does not say, and how to get it. Empty: nothing is left out.'),
}

const WARNING = z.object({ place: z.string(), message: z.string() })
export const WARNINGS = {
  warnings: z.array(WARNING).describe('What could not be read, or has to be known of the inputs.'),
}

const FIX = z.object({
  kind: z
    .enum(['fix', 'stop', 'do', 'look'])
    .describe(
      'fix: a command that changes something; do: a step by hand; look: changes nothing; stop: it would stop a packet that gets through.',
    ),
  description: z.string(),
  command: z.string().optional().describe('For a POSIX shell. nfwhy never runs it.'),
  undo: z.string().optional().describe('The command that takes it back.'),
  says: z.array(z.string()).describe('What trying it on the model gave, and its risks.'),
})

const RULE = {
  name: z.string(),
  ref: z.string().optional().describe('For the tool rule, and for nfwhy://rule/REF. Absent: a policy.'),
  text: z.string().optional().describe('The rule as its ruleset prints it: data of the machine.'),
  owner: z.string().optional().describe('The program that writes this rule.'),
}

const STORY_FIELDS = {
  id: z.string().describe('For exchange, try_fix and compare, with the same inputs.'),
  count: z.number().describe('Packets alike; the first of them is explained.'),
  headline: z.string().describe('What happened, to which packet, and which rule or reason decided it.'),
  outcome: z
    .string()
    .describe('Of the packet: delivered, forwarded, sent, dropped, rejected, vanished, queued, stolen, undetermined.'),
  status: z
    .string()
    .optional()
    .describe(
      'Of the request and what came of it: answered, refused, unanswered, reply-lost, dropped, rejected, lost, queued, undetermined.',
    ),
  passes: z.boolean().describe('The packet gets through, and nothing tells that its exchange failed.'),
  machine: z.string().optional(),
  cause: z.array(z.string()).describe('Why. Empty: nothing is wrong, or nothing is known to say.'),
  culprit: z.object(RULE).optional().describe('The rule to look at.'),
  fixes: z.array(FIX).describe('The best first.'),
  findings: z.array(z.string()).describe('Codes; the tool finding explains each.'),
  notes: z.array(z.string()),
}

/** An exchange in short. */
export const STORY = z.object(STORY_FIELDS)

export const STEP = z.object({
  n: z.number(),
  hook: z.string().optional(),
  name: z.string().describe('The rule, the policy or the end of a chain.'),
  rule: z.string().optional().describe('Its text: data of the machine.'),
  verdict: z.string().optional(),
  interfaces: z.string().optional(),
  changes: z.array(z.string()).optional().describe('What it did to the packet.'),
  isCulprit: z.literal(true).optional(),
})

const WAY = z.object({
  kind: z
    .enum(['request', 'before', 'captured', 'played', 'a', 'b'])
    .describe('captured: it was seen; played: the model tells it.'),
  outcome: z.string(),
  steps: z.array(STEP),
})

/** The same in full. */
export const FULL_STORY = z.object({
  ...STORY_FIELDS,
  packet: z.record(z.string(), z.unknown()).describe('As it first appeared; simulate takes it.'),
  why: z
    .array(
      z.object({
        name: z.string(),
        says: z.string(),
        rule: z.string().optional(),
        owner: z.string().optional(),
        isCulprit: z.literal(true).optional(),
        step: z.number(),
      }),
    )
    .describe('The walk back from the end to the rule that is to blame.'),
  otherFixes: z.array(FIX),
  otherFindings: z
    .array(
      z.object({
        code: z.string(),
        severity: z.enum(['error', 'warning', 'note']),
        message: z.string(),
        look: z.array(z.string()).describe('Commands that look further, and change nothing.'),
        rules: z.array(z.string()),
      }),
    )
    .describe('What is known besides the cause.'),
  reply: WAY.optional().describe('The way of what came back, or would.'),
  steps: z.array(STEP).describe('Each rule and policy that the packet met.'),
})

export type Story = z.infer<typeof STORY>
export type FullStory = z.infer<typeof FULL_STORY>
