namespace Verathos.Enclave.Sessions;

/// <summary>What an inner request asks for.</summary>
internal enum Operation
{
    /// <summary>The list of models.</summary>
    Models,

    /// <summary>An answer to a chat.</summary>
    ChatCompletions,

    /// <summary>The rest of a text.</summary>
    Completions,

    /// <summary>Openings of an answer's computation.</summary>
    Openings,
}
