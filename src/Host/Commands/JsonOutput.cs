using System.Text.Json;
using System.Text.Json.Serialization;

using MoeActors.Host.Reports;

namespace MoeActors.Host.Commands;

/// <summary>How commands write JSON: what is not known (NaN) is null.</summary>
internal static class JsonOutput
{
    /// <summary>The same on one line.</summary>
    public static JsonSerializerOptions Line { get; } = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Converters = { new FiniteNumberConverter() } };

    /// <summary>camelCase, indented, enums as kebab-case words.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Converters = { new FiniteNumberConverter(), new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };
}
