using System.Globalization;
using System.Text.Json;

using MoeActors.Compute.Routing;
using MoeActors.Compute.Routing.Capacity;
using MoeActors.Compute.Routing.Gates;
using MoeActors.Compute.Routing.Losses;

namespace MoeActors.Host.Commands;

/// <summary>moe gates.</summary>
internal sealed class GatesHandler(TextWriter output) : IHandler<GatesRequest>
{
    /// <inheritdoc/>
    public Task<int> RunAsync(GatesRequest request, CancellationToken cancel)
    {
        if (request.Json)
        {
            output.WriteLine(JsonSerializer.Serialize(
                new
                {
                    Gates = GateCatalogue.All,
                    CapacityPolicies = CapacityCatalogue.All.Select(p => new { p.Name, p.Rule }),
                    Losses = LossCatalogue.All.Select(l => new { l.Name, l.Formula, l.Paper, Coefficient = l.PaperCoefficient }),
                },
                JsonOutput.Options));
            return Task.FromResult(ExitCodes.Ok);
        }

        output.WriteLine("Gates (--gate NAME, model.moe.gate)");
        foreach (GateInfo gate in GateCatalogue.All)
        {
            output.WriteLine();
            output.WriteLine($"  {gate.Name,-18}{gate.Formula}");
            Line("experts", $"{gate.PerToken} for a token, decided over the {gate.Scope}{(gate.Causal ? "" : "; not causal: no text can be generated with it")}");
            Line("trains", gate.Trains.Length == 0 ? "nothing" : gate.Trains);
            Line("state", gate.State.Length == 0 ? "none" : gate.State);
            Line("losses", gate.Losses.Count == 0 ? "none" : string.Join(", ", gate.Losses));
            Line("settings", gate.Options.Count == 0 ? "none of its own" : string.Join(", ", gate.Options.Select(o => $"model.moe.{o}")));
            Line("paper", gate.Paper);
        }

        output.WriteLine();
        output.WriteLine("Capacity policies (model.moe.capacity-policy, with model.moe.capacity-factor above 0)");
        output.WriteLine();
        foreach (ICapacityPolicy policy in CapacityCatalogue.All)
        {
            output.WriteLine($"  {policy.Name,-18}{policy.Rule}");
        }

        output.WriteLine();
        output.WriteLine("Auxiliary losses (model.moe.losses = [NAME, NAME COEFFICIENT])");
        output.WriteLine();
        foreach (IAuxiliaryLoss loss in LossCatalogue.All)
        {
            output.WriteLine($"  {loss.Name,-24}{loss.Formula}; usually {loss.PaperCoefficient.ToString("R", CultureInfo.InvariantCulture)}; {loss.Paper}");
        }

        return Task.FromResult(ExitCodes.Ok);
    }

    private void Line(string what, string text) => output.WriteLine($"  {"",-18}{what}: {text}");
}
