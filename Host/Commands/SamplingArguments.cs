using System.CommandLine;
using Verathos.Client.Requests;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary>The options that shape an answer.</summary>
internal sealed class SamplingArguments
{
    private readonly Option<string?> _model = new("--model", "--model-name") { Description = "The model to ask for, by the name that the node gives it (default: its only one, or its first)" };

    private readonly Option<int?> _maxTokens = new("--max-tokens") { Description = "The most tokens to generate (default: as many as the node allows)" };

    private readonly Option<double> _temperature = new("--temperature") { Description = "0 takes the likeliest token each time", DefaultValueFactory = _ => 0 };

    private readonly Option<double> _topP = new("--top-p") { Description = "Nucleus mass, above 0 and at most 1", DefaultValueFactory = _ => 1 };

    private readonly Option<int> _topK = new("--top-k") { Description = "How many of the likeliest tokens take part; 0 is all" };

    private readonly Option<long?> _seed = new("--seed") { Description = "The client's part of the sampling seed (default: random)" };

    public void AddTo(Command command)
    {
        command.Options.Add(_model);
        command.Options.Add(_maxTokens);
        command.Options.Add(_temperature);
        command.Options.Add(_topP);
        command.Options.Add(_topK);
        command.Options.Add(_seed);
    }

    public InferenceRequest Request(VerbContext context, IEnumerable<(string Role, string Content)> turns) => InferenceRequest.Chat(
        turns,
        context.Value(_model),
        context.Value(_temperature),
        context.Value(_topP),
        context.Value(_topK),
        context.Value(_maxTokens),
        context.Value(_seed));
}
