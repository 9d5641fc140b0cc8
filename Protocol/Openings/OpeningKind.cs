namespace Verathos.Protocol.Openings;

/// <summary>What of an answer's computation is asked for. The values are those on the wire.</summary>
public enum OpeningKind
{
    /// <summary>Openings by number: which layer and step each shows follows from the audit secret and the receipt.</summary>
    Openings = 1,

    /// <summary>The hashes of all committed steps.</summary>
    StepHashes = 2,

    /// <summary>The TOPLOC proofs and the sketches of all chunks.</summary>
    Chunks = 3,

    /// <summary>All leaves of one step that the asker names, for a dispute.</summary>
    Step = 4,

    /// <summary>A layer and a row of logits that the asker names, for a dispute.</summary>
    Chosen = 5,
}
