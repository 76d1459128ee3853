using System.Text.Json;

using MoeActors.Actors.Faults;

namespace MoeActors.Host.Http;

/// <summary>Kinds as JSON, for commands and the HTTP API.</summary>
internal static class FaultJson
{
    /// <summary>A kind.</summary>
    public static object Of(FaultKind kind) => new
    {
        name = kind.Name,
        target = kind.Example,
        lasting = kind.Lasting,
        evidence = kind.Evidence,
        keepsResult = kind.KeepsResult,
        meaning = kind.Meaning,
        parameters = kind.Parameters.Select(p => new { name = p.Name, value = p.Default, meaning = p.Meaning }),
    };
}
