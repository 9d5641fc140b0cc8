namespace Verathos.GpuRuntime.Training;

/// <summary>What a training run is doing.</summary>
public enum TrainingStage
{
    /// <summary>The corpus is written.</summary>
    Corpus,

    /// <summary>The vocabulary is trained.</summary>
    Vocabulary,

    /// <summary>The corpus is turned into token ids.</summary>
    Encoding,

    /// <summary>The model is trained.</summary>
    Training,

    /// <summary>The model is written.</summary>
    Saved,
}
