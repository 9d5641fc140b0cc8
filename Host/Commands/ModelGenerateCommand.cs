using System.CommandLine;
using Verathos.Fingerprint.Sampling;
using Verathos.GpuRuntime.Chat;
using Verathos.GpuRuntime.Models;
using Verathos.GpuRuntime.Serving;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos model generate</c>: continues a prompt with the bare runtime, without a node, evidence or receipt.</summary>
public static class ModelGenerateCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "A Hugging Face folder or .gguf file; the demonstration model by default" };
        Option<string> prompt = new("--prompt") { Description = "The text to continue", Required = true };
        Option<bool> chat = new("--chat") { Description = "Put the prompt as a user's message into the model's chat template" };
        Option<int> maxTokens = new("--max-tokens") { Description = "The most tokens to generate", DefaultValueFactory = static _ => 64 };
        Option<double> temperature = new("--temperature") { Description = "0 takes the most likely token always" };
        Option<double> topP = new("--top-p") { Description = "Keep the most likely tokens of this total probability", DefaultValueFactory = static _ => 1 };
        Option<int> topK = new("--top-k") { Description = "Keep this many of the most likely tokens; 0 keeps all" };
        Option<ulong> seed = new("--seed") { Description = "Fixes the draws above temperature 0" };
        Option<string> profile = new("--profile") { Description = "Numeric profile: f32, bf16 or bf16-lane16", DefaultValueFactory = static _ => "f32" };
        Option<string[]> adapters = new("--adapter") { Description = "A folder with a LoRA adapter to add to the weights; may be given several times", DefaultValueFactory = static _ => [] };
        Command command = new("generate", "Continue a prompt with the bare runtime") { model, prompt, chat, maxTokens, temperature, topP, topK, seed, profile, adapters };
        command.SetVerb(async (context, cancellationToken) =>
        {
            SamplingParameters sampling = Sampling(context.Value(temperature), context.Value(topP), context.Value(topK));
            LoadOptions options = new() { Profile = ModelLoading.Profile(context.Value(profile)!), Adapters = ModelPath.ResolveAdapters(context.Value(adapters)!) };
            using LoadedModel loaded = await ModelLoading.LoadAsync(context.Output, ModelPath.Resolve(context.Value(model)), options, cancellationToken).ConfigureAwait(false);
            int[] promptIds = Encode(loaded, context.Value(prompt)!, context.Value(chat));
            InferenceEngine engine = new(loaded, new EngineOptions());
            await using (engine.ConfigureAwait(false))
            {
                GenerationRequest request = new()
                {
                    PromptIds = promptIds,
                    Sampling = sampling,
                    Seed = SamplingSeed.Derive(context.Value(seed), []),
                    MaxTokens = context.Value(maxTokens),
                };
                return await RunAsync(context, loaded, engine, request, cancellationToken).ConfigureAwait(false);
            }
        });
        return command;
    }

    private static async Task<ExitCode> RunAsync(VerbContext context, LoadedModel loaded, InferenceEngine engine, GenerationRequest request, CancellationToken cancellationToken)
    {
        TokenDecoder decoder = loaded.Tokenizer.CreateDecoder();
        List<int> ids = [];
        FinishReason? finish = null;
        try
        {
            await foreach (GeneratedToken token in engine.GenerateAsync(request, cancellationToken).ConfigureAwait(false))
            {
                ids.Add(token.Id);
                finish = token.Finish;
                context.Output.Text(decoder.Append(token.Id));
            }
        }
        catch (GenerationException e)
        {
            ExitCode code = e.Error is GenerationError.InvalidRequest or GenerationError.ContextExceeded ? ExitCode.Usage : ExitCode.Failed;
            throw new CommandException(code, e.Message, e);
        }

        context.Output.Line(decoder.Flush());
        if (context.Json)
        {
            context.Output.WriteJson(new
            {
                model = loaded.Manifest.Name,
                manifest = Convert.ToHexStringLower(loaded.Manifest.Root),
                profile = loaded.Profile.Identifier,
                prompt_ids = request.PromptIds,
                ids,
                text = loaded.Tokenizer.Decode(ids.ToArray()),
                finish,
            });
        }

        return ExitCode.Accepted;
    }

    private static SamplingParameters Sampling(double temperature, double topP, int topK)
    {
        try
        {
            return SamplingParameters.FromDecimals(temperature, topP, topK);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new CommandException(ExitCode.Usage, $"--{e.ParamName switch { "topP" => "top-p", "topK" => "top-k", _ => "temperature" }} is out of range: temperature 0 to 100, top-p above 0 and at most 1, top-k 0 or more", e);
        }
    }

    private static int[] Encode(LoadedModel model, string prompt, bool chat)
    {
        if (!chat)
        {
            int[] ids = model.Tokenizer.EncodePrompt(prompt);
            return ids.Length > 0 ? ids : throw new CommandException(ExitCode.Usage, "the prompt is empty and the model has no token that begins a text; give --prompt some text");
        }

        return model.Chat?.Encode([new ChatMessage("user", prompt)], model.Tokenizer) ?? throw new CommandException(ExitCode.Unsupported, model.ChatProblem!);
    }
}
