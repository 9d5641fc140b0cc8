using Verathos.Bench.Statistics;

namespace Verathos.Bench.Node;

/// <summary>Everything that the node's bench measured.</summary>
/// <param name="Tax">The confidentiality tax.</param>
/// <param name="SealMicroseconds">Sealing and hashing one chunk of 512 bytes, microseconds.</param>
/// <param name="ReceiptMilliseconds">Encoding and signing one receipt, milliseconds.</param>
/// <param name="EvidenceMilliseconds">Verifying fresh evidence of a node with one GPU, its collateral known, milliseconds.</param>
/// <param name="EvidenceAllocatedBytes">Bytes allocated by one such verification.</param>
/// <param name="WarmRequestRoundTrips">HTTP exchanges of a request to a node that is already trusted.</param>
/// <param name="WarmRequestConnections">Connections opened by it.</param>
/// <param name="ReadySeconds">From starting the node's process to readiness, on the small model.</param>
/// <param name="FirstAnswerMilliseconds">The first answer of that process, 16 tokens, to a client that has attested it.</param>
/// <param name="SecondAnswerMilliseconds">The answer after it.</param>
/// <param name="PeakMegabytes">The greatest resident memory of that process, in units of 10^6 bytes.</param>
public sealed record NodeReport(
    IReadOnlyList<TaxRow> Tax,
    Spread SealMicroseconds,
    Spread ReceiptMilliseconds,
    Spread EvidenceMilliseconds,
    Spread EvidenceAllocatedBytes,
    int WarmRequestRoundTrips,
    int WarmRequestConnections,
    Spread ReadySeconds,
    Spread FirstAnswerMilliseconds,
    Spread SecondAnswerMilliseconds,
    double PeakMegabytes);
