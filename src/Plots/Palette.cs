using ScottPlot;

namespace MoeActors.Plots;

/// <summary>Colours of the picture, told apart also by readers who see few colours.</summary>
internal static class Palette
{
    public static readonly Color Text = Color.FromHex("#1f2328");
    public static readonly Color Soft = Color.FromHex("#6b7280");
    public static readonly Color Grid = Color.FromHex("#ececea");
    public static readonly Color Raw = Color.FromHex("#a9c6e4");
    public static readonly Color Smooth = Color.FromHex("#1f5f9e");
    public static readonly Color Validation = Color.FromHex("#d9730d");
    public static readonly Color Fault = Color.FromHex("#c22f2f");
    public static readonly Color Checkpoint = Color.FromHex("#2f7d4f");
    public static readonly Color Back = Color.FromHex("#ffffff");
}
