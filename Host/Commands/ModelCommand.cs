using System.CommandLine;

namespace Verathos.Host.Commands;

/// <summary><c>verathos model</c>: what can be done with a model alone, without a node.</summary>
public static class ModelCommand
{
    /// <summary>The verb with its sub-verbs.</summary>
    public static Command Create() => new("model", "Run, convert and examine models without a node")
    {
        ModelGenerateCommand.Create(),
        ModelConvertCommand.Create(),
        ModelEvalCommand.Create(),
        ModelTokenizeCommand.Create(),
    };
}
