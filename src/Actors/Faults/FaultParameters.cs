using System.Globalization;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Faults;

/// <summary>Reads the parameters of an order; <see cref="FaultRules"/> has checked them.</summary>
internal static class FaultParameters
{
    /// <summary>A text.</summary>
    public static string Text(this FaultOrder order, string name) =>
        order.Parameters.Select(p => p.Split('=', 2)).First(p => p[0] == name)[1];

    /// <summary>A number.</summary>
    public static double Number(this FaultOrder order, string name) => double.Parse(order.Text(name), NumberStyles.Float, CultureInfo.InvariantCulture);

    /// <summary>How long it lasts.</summary>
    public static TimeSpan Duration(this FaultOrder order) => TimeSpan.FromMilliseconds(order.ForMs);
}
