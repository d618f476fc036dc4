// Of aws4fetch the signer alone is known here: its client, which opens connections of its own, cannot be reached by type.
declare module 'aws4fetch' {
  export class AwsV4Signer {
    constructor(it: {
      method: string
      url: string
      headers: Readonly<Record<string, string>>
      body?: string
      accessKeyId: string
      secretAccessKey: string
      service: 's3'
      region: string
      /** Always given, so that it reads no clock. */
      datetime: string
      signQuery: boolean
      /** Keys that were derived for a day, by what they were derived from. */
      cache?: Map<string, ArrayBuffer>
    })
    readonly url: URL
    readonly headers: Headers
    /** As they were signed. */
    readonly encodedPath: string
    readonly encodedSearch: string
    sign(): Promise<{ readonly url: URL; readonly headers: Headers }>
  }
}
