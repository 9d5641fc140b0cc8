namespace Verathos.Client.Requests;

/// <summary>Which of the node's sealed endpoints a request goes to.</summary>
public enum InferenceKind
{
    /// <summary><c>POST /v1/chat/completions</c>.</summary>
    Chat,

    /// <summary><c>POST /v1/completions</c>.</summary>
    Completion,
}
