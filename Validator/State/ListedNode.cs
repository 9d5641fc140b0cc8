namespace Verathos.Validator.State;

/// <summary>A node as the list of nodes names it.</summary>
/// <param name="Name">Unique in the list.</param>
/// <param name="Url">Its address.</param>
/// <param name="Identity">The identity that its evidence must bind, as text (<see cref="Nodes.NodeIdentityText"/>); null where any will do.</param>
public sealed record ListedNode(string Name, Uri Url, string? Identity);
