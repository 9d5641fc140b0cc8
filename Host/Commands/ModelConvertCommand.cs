using System.CommandLine;
using Verathos.GpuRuntime.Formats;
using Verathos.GpuRuntime.Models;
using Verathos.Host.Cli;

namespace Verathos.Host.Commands;

/// <summary><c>verathos model convert</c>: a GGUF file becomes a Hugging Face folder.</summary>
public static class ModelConvertCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        Option<string> model = new("--model") { Description = "The .gguf file", Required = true };
        Option<string> output = new("--output") { Description = "The folder to write: config.json, tokenizer.json, tokenizer_config.json, model.safetensors", Required = true };
        Command command = new("convert", "Write a GGUF model as a safetensors folder") { model, output };
        command.SetVerb((context, cancellationToken) =>
        {
            string source = ModelPath.Resolve(context.Value(model));
            string folder = Path.GetFullPath(context.Value(output)!);
            if (Directory.Exists(source))
            {
                throw new CommandException(ExitCode.Usage, $"{source} is a folder; convert takes a .gguf file");
            }

            try
            {
                ModelConverter.Convert(source, folder, cancellationToken);
            }
            catch (ModelFormatException e)
            {
                throw new CommandException(ExitCode.Malformed, $"the model {source} cannot be used: {e.Message}", e);
            }

            if (context.Json)
            {
                context.Output.WriteJson(new { folder, files = Directory.GetFiles(folder).Select(Path.GetFileName).Order() });
            }

            context.Output.Line($"wrote {folder}");
            return Task.FromResult(ExitCode.Accepted);
        });
        return command;
    }
}
