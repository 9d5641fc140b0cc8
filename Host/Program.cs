using Verathos.Host.Cli;

return await Application.RunAsync(args).ConfigureAwait(false);
