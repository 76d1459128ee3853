using System.Text.Json;
using System.Text.Json.Serialization;

namespace MoeActors.Host.Commands;

/// <summary>How commands write JSON.</summary>
internal static class JsonOutput
{
    /// <summary>camelCase, indented, enums as kebab-case words.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };
}
