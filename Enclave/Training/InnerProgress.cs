namespace Verathos.Enclave.Training;

/// <summary>An inner step is done.</summary>
/// <param name="Step">Steps of the round that are done.</param>
/// <param name="Steps">Steps of the round.</param>
/// <param name="Loss">Mean loss in nats a learned token.</param>
/// <param name="Rate">The learning rate.</param>
/// <param name="GradientNorm">Norm of the gradient before clipping.</param>
/// <param name="Tokens">Learned tokens of the step.</param>
public readonly record struct InnerProgress(int Step, int Steps, double Loss, double Rate, double GradientNorm, int Tokens);
