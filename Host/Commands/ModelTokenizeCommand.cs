using System.CommandLine;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Tokenizers;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos model tokenize</c>: a text's ids, or the text of ids, by a model's vocabulary.</summary>
public static class ModelTokenizeCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "A Hugging Face folder, a tokenizer.json or a .gguf file; the demonstration model by default" };
        Option<string> text = new("--text") { Description = "The text to encode; - reads standard input" };
        Option<int[]> ids = new("--ids") { Description = "Ids to decode instead", AllowMultipleArgumentsPerToken = true };
        Option<bool> specials = new("--specials") { Description = "Take the names of special tokens in the text for those tokens, as in a template's own text" };
        Command command = new("tokenize", "Print the ids of a text, or the text of ids") { model, text, ids, specials };
        command.SetVerb(async (context, cancellationToken) =>
        {
            string? given = context.Value(text);
            int[] decode = context.Value(ids) ?? [];
            if (given is null == (decode.Length == 0))
            {
                throw new CommandException(ExitCode.Usage, "name either --text or --ids");
            }

            Tokenizer tokenizer;
            string path = ModelPath.Resolve(context.Value(model));
            try
            {
                tokenizer = TokenizerFile.Open(path);
            }
            catch (Exception e) when (e is ModelFormatException or FileNotFoundException)
            {
                throw new CommandException(ExitCode.Malformed, $"the vocabulary {path} cannot be used: {e.Message}", e);
            }

            string input = given == "-" ? await Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false) : given ?? "";
            int[] result = decode.Length > 0 ? decode : context.Value(specials) ? tokenizer.EncodeWithSpecials(input) : tokenizer.EncodePrompt(input);
            string decoded = tokenizer.Decode(result);
            if (context.Json)
            {
                context.Output.WriteJson(new { ids = result, text = decoded, vocabulary = tokenizer.VocabularySize });
            }

            context.Output.Line(decode.Length > 0 ? decoded : string.Join(' ', result));
            return ExitCode.Accepted;
        });
        return command;
    }
}
