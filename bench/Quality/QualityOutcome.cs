using System.Text.Json;

namespace MoeActors.Bench.Quality;

/// <summary>What a finished run says of itself.</summary>
/// <param name="ValidationLoss">Over the whole validation part, nats a token.</param>
/// <param name="Plt">Proportion of lost tokens, a share.</param>
/// <param name="Faults">Faults it reports.</param>
/// <param name="LostSteps">Steps computed again.</param>
/// <param name="Minutes">Wall time.</param>
internal sealed record QualityOutcome(double ValidationLoss, double Plt, int Faults, long LostSteps, double Minutes)
{
    /// <summary>Reads report.json; throws <see cref="BenchException"/> where the run was not completed.</summary>
    public static QualityOutcome Read(string report)
    {
        if (!File.Exists(report))
        {
            throw new BenchException($"{report}: the run ended without it");
        }

        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(report));
        JsonElement root = document.RootElement, totals = root.GetProperty("totals");
        string outcome = totals.GetProperty("outcome").GetString() ?? "";
        return outcome == "completed"
            ? new QualityOutcome(
                totals.GetProperty("validationLoss").GetDouble(), totals.GetProperty("plt").GetDouble(), root.GetProperty("faults").GetArrayLength(),
                root.GetProperty("faults").EnumerateArray().Sum(f => f.GetProperty("lostSteps").GetInt64()), totals.GetProperty("wallMs").GetDouble() / 60000)
            : throw new BenchException($"a run ended as {outcome}, not completed");
    }
}
