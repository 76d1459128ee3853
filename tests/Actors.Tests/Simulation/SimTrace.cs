using System.Globalization;
using System.Text;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>What happened, a line each; kept only when a schedule is replayed for people.</summary>
internal sealed class SimTrace
{
    private readonly StringBuilder text = new();

    public void Add(long now, string who, string what) => text.AppendLine(string.Create(CultureInfo.InvariantCulture, $"{now / 1e6,10:0.000000}  {who,-10} {what}"));

    public override string ToString() => text.ToString();
}
