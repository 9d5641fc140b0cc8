namespace Verathos.Fingerprint.Openings;

/// <summary>What an opening is checked for, in the order of the checks.</summary>
public enum OpeningCheck
{
    /// <summary>Nothing was judged: the verdict that no judge gave.</summary>
    NotJudged = 0,

    /// <summary>All parts are there, of their lengths, with finite numbers, and are those that the plan asks for.</summary>
    Form,

    /// <summary>The step's leaves lead to the committed root.</summary>
    Step,

    /// <summary>The input is the token that the receipt counts at this position.</summary>
    Input,

    /// <summary>The input's row is the embedding's.</summary>
    Embedding,

    /// <summary>The chains before this step are those committed with the step before.</summary>
    PreviousLinks,

    /// <summary>The query projection.</summary>
    Query,

    /// <summary>The key projection.</summary>
    Key,

    /// <summary>The value projection.</summary>
    Value,

    /// <summary>The chains continue with the keys and values that follow from the projections.</summary>
    Links,

    /// <summary>The opened head's keys and values are those of its chain.</summary>
    HeadChain,

    /// <summary>The opened head's chain passes through the link committed with an earlier step.</summary>
    EarlierLink,

    /// <summary>The opened head's attention.</summary>
    Attention,

    /// <summary>The output projection.</summary>
    AttentionOutput,

    /// <summary>The router's logits, each computed again.</summary>
    Router,

    /// <summary>The experts that the router's logits choose are those that computed.</summary>
    Routing,

    /// <summary>The gate projection, of the layer or of an expert.</summary>
    Gate,

    /// <summary>The up projection, of the layer or of an expert.</summary>
    Up,

    /// <summary>The down projection of the activation, of the layer or of an expert.</summary>
    Down,

    /// <summary>The gate of the expert that every token passes, computed again.</summary>
    SharedGate,

    /// <summary>The experts' results added by their shares, computed again.</summary>
    ExpertSum,

    /// <summary>The logits against the output matrix's key.</summary>
    Logits,

    /// <summary>The chosen token's logit and the twenty highest, recomputed from their rows.</summary>
    OutputRows,

    /// <summary>The sampler draws the token that the receipt counts next.</summary>
    Sampler,
}
