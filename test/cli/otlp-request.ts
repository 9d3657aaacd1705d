/** ExportTraceServiceRequest in JSON, as opentelemetry-proto 1.5 defines it: fields that it does not know are mistakes here. */
import * as z from 'zod'

const int64 = z.string().regex(/^-?\d{1,19}$/)
const nanoseconds = z.string().regex(/^\d{1,20}$/)
const hex = (bytes: number) => z.string().regex(new RegExp(`^(?!0+$)[0-9a-f]{${2 * bytes}}$`))

const value: z.ZodType = z.lazy(() =>
  z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ boolValue: z.boolean() }),
    z.strictObject({ intValue: int64 }),
    z.strictObject({ doubleValue: z.number() }),
    z.strictObject({ arrayValue: z.strictObject({ values: z.array(value) }) }),
  ]),
)
/** Keys are there once. */
const attributes = z
  .array(z.strictObject({ key: z.string().min(1), value }))
  .refine((all) => new Set(all.map(({ key }) => key)).size === all.length)

const span = z
  .strictObject({
    traceId: hex(16),
    spanId: hex(8),
    parentSpanId: hex(8).optional(),
    name: z.string().min(1),
    kind: z.int().min(0).max(5),
    startTimeUnixNano: nanoseconds,
    endTimeUnixNano: nanoseconds,
    attributes,
    events: z.array(z.strictObject({ timeUnixNano: nanoseconds, name: z.string().min(1), attributes })).optional(),
    status: z.strictObject({ code: z.int().min(0).max(2), message: z.string().optional() }).optional(),
  })
  .refine(({ startTimeUnixNano, endTimeUnixNano }) => BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano))

const request = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes }),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({ name: z.string(), version: z.string().optional() }),
          spans: z.array(span),
        }),
      ),
    }),
  ),
})

export type SpanOf = z.infer<typeof span>
type Attributes = SpanOf['attributes']

/** Its spans, with the machine of each. Throws where it is no such request. */
export const spansOf = (text: string): (SpanOf & { host: unknown })[] =>
  request
    .parse(JSON.parse(text))
    .resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) =>
        spans.map((one) => ({ ...one, host: attribute(resource.attributes, 'host.name') })),
      ),
    )

/** As plain data; undefined where it is not there. */
export const attribute = (of: Attributes, key: string): unknown => plain(of.find((one) => one.key === key)?.value)

function plain(of: unknown): unknown {
  if (of === undefined) return undefined
  const [[kind, inner]] = Object.entries(of as object) as [[string, unknown]]
  if (kind === 'intValue') return Number(inner)
  return kind === 'arrayValue' ? (inner as { values: unknown[] }).values.map(plain) : inner
}
