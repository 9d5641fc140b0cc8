using Verathos.Attestation;
using Verathos.Protocol.Evidence;
using Verathos.Simulator;

namespace Verathos.Host.Drills.Nodes;

/// <summary>What an attacker has in hand while it answers a request for evidence.</summary>
/// <param name="Nonce">The client's nonce, 32 bytes.</param>
/// <param name="Own">What its own hardware gives for it, as a collection.</param>
/// <param name="Keys">Its keys.</param>
/// <param name="Hardware">The vendors of its hardware, genuine to the client.</param>
/// <param name="Victim">Asks the honest node for evidence.</param>
/// <param name="Mint">Mints its own evidence for another nonce or by another plan.</param>
internal sealed record RogueShow(
    byte[] Nonce,
    EvidenceCollection Own,
    RogueKeys Keys,
    Installation Hardware,
    Func<byte[], Task<EvidenceCollection>> Victim,
    Func<byte[], NodePlan, NodeEvidence> Mint);
