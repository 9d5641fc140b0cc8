using System.CommandLine;

namespace Verathos.Host.Commands;

/// <summary><c>verathos train</c>: attested training.</summary>
public static class TrainCommand
{
    /// <summary>The verb.</summary>
    public static Command Create()
    {
        Command train = new("train", "Train a model with signed records, and check such records");
        train.Subcommands.Add(TrainLocalCommand.Create());
        train.Subcommands.Add(TrainVerifyCommand.Create());
        train.Subcommands.Add(TrainInitCommand.Create());
        train.Subcommands.Add(TrainCoordinatorCommand.Create());
        train.Subcommands.Add(TrainWorkerCommand.Create());
        train.Subcommands.Add(TrainValidatorCommand.Create());
        train.Subcommands.Add(TrainEquivocationCommand.Create());
        return train;
    }
}
