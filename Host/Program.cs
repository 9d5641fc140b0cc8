using System.CommandLine;
using Verathos.Host.Cli;

RootCommand root = new("verathos: a confidential inference and training node");
foreach (Command command in Verbs.All())
{
    root.Subcommands.Add(command);
}

return await root.Parse(args).InvokeAsync().ConfigureAwait(false);
