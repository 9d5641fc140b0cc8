using Verathos.Protocol.Ohttp;

namespace Verathos.Enclave.Tests.Serving;

/// <summary>A sealed request and what its client keeps.</summary>
internal sealed record TestRequest(ChunkedRequestSealer Sealer, byte[] Bytes, byte[] ClientNonce, byte[] AuditCommitment, TestEvidence Evidence, byte[] AuditSecret);
