// A certificate for tests: self-signed, for relay.test, localhost and 127.0.0.1, good from 2020 to 2120. It protects nothing.
import tls from 'node:tls'

export const KEY = `\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgkWBtB/S18D4Msg94
RimE53k1kdV424jdqdrSezkBi4OhRANCAAQfFPmr883pzE1LJjWLGNXqVwR1nrb9
hTOX3MRFkuZc9Jp1y9DA8vfr495pjI4KV0HbgZwe5Cv2pwYW0zBFQQ6j
-----END PRIVATE KEY-----
`
export const CERTIFICATE = `\
-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIBATAKBggqhkjOPQQDAjAVMRMwEQYDVQQDDApyZWxheS50
ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjAVMRMwEQYDVQQD
DApyZWxheS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHxT5q/PN6cxN
SyY1ixjV6lcEdZ62/YUzl9zERZLmXPSadcvQwPL36+PeaYyOCldB24GcHuQr9qcG
FtMwRUEOo6NaMFgwJgYDVR0RBB8wHYIKcmVsYXkudGVzdIIJbG9jYWxob3N0hwR/
AAABMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFE8eyUI/IydVhZzNpuqcRk5H
AKjhMAoGCCqGSM49BAMCA0gAMEUCICWdfuWwX5KNP55/k4eg/LnT1Ffm7fC4sY/f
VzcBMx35AiEAteElQvzEBX6TGTqyDvaAGeisO9Tc+K+3xO2gjpwxa6k=
-----END CERTIFICATE-----
`

/** This process trusts it from here on, and nothing else. */
export const trustCertificate = (): void => tls.setDefaultCACertificates([CERTIFICATE])
