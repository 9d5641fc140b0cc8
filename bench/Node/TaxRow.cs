using Verathos.Bench.Statistics;

namespace Verathos.Bench.Node;

/// <summary>Tokens per second through the whole confidential path beside the bare runtime.</summary>
/// <param name="Model">The model's name.</param>
/// <param name="Profile">The numeric profile.</param>
/// <param name="Concurrent">Requests at once.</param>
/// <param name="Tokens">Generated tokens of each request.</param>
/// <param name="Node">Tokens per second through client, seal, host, enclave and receipt.</param>
/// <param name="Committing">Tokens per second of the runtime alone, which commits to all that the node does.</param>
/// <param name="Bare">Tokens per second of the runtime alone, which commits to nothing.</param>
/// <param name="Confidentiality">Node over committing, pair by pair: what the path costs.</param>
/// <param name="Ratio">Node over bare, pair by pair: what path and commitments cost.</param>
public sealed record TaxRow(
    string Model, string Profile, int Concurrent, int Tokens, Spread Node, Spread Committing, Spread Bare, PairedRatio Confidentiality, PairedRatio Ratio);
