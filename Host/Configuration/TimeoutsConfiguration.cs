namespace Verathos.Host.Configuration;

/// <summary>How long the node waits for what, in seconds.</summary>
public sealed record TimeoutsConfiguration
{
    /// <summary>For a request's header section.</summary>
    public int HeaderSeconds { get; init; } = 10;

    /// <summary>For the whole of a sealed request.</summary>
    public int BodySeconds { get; init; } = 30;

    /// <summary>For the next bytes of a sealed request.</summary>
    public int IdleSeconds { get; init; } = 10;

    /// <summary>For a client to take the next bytes of an answer.</summary>
    public int WriteSeconds { get; init; } = 30;

    /// <summary>For a place among the running requests.</summary>
    public int QueueSeconds { get; init; } = 60;

    /// <summary>For a whole answer.</summary>
    public int AnswerSeconds { get; init; } = 900;

    /// <summary>For evidence.</summary>
    public int EvidenceSeconds { get; init; } = 30;

    /// <summary>For running answers to finish once the node was told to stop.</summary>
    public int DrainSeconds { get; init; } = 30;
}
