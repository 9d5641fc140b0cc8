namespace Verathos.Enclave.OpenAi;

/// <summary>One message of a chat.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">Its text; wiped with the request.</param>
public readonly record struct ApiMessage(string Role, string Content)
{
    /// <summary>The role alone: a message's text is never printed.</summary>
    public override string ToString() => Role;
}
