namespace Verathos.Host.Configuration;

internal enum FieldKind
{
    Text,
    TextList,
    Whole,
    Flag,
    Models,
}
