namespace Verathos.Validator.Reports;

/// <summary>The page's style: light and dark by the reader's setting, one column on narrow screens.</summary>
internal static class HtmlStyle
{
    public const string Sheet =
        """
        :root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1b1f24;--soft:#5b646e;--rule:#e3e5e8;--grid:#e9ebee;--link:#0b57d0;
        --s0:#2a6fdb;--s1:#c2650a;--s2:#0d8270;--s3:#8a3ffc;--s4:#a8870b;--s5:#c0327a;--good:#17713f;--bad:#c4262e;--idle:#b4bac2;--band:#2a6fdb26;--bad-soft:#fdeceb;--good-soft:#e6f4ec}
        @media (prefers-color-scheme:dark){:root{--page:#101316;--card:#181c20;--ink:#e8eaed;--soft:#a3acb6;--rule:#2c3238;--grid:#272d33;--link:#8ab4f8;
        --s0:#6ea3f5;--s1:#f0a04b;--s2:#4fc3ae;--s3:#b892ff;--s4:#d9b83c;--s5:#f07cb4;--good:#4cc38a;--bad:#ff7b72;--idle:#59626c;--band:#6ea3f533;--bad-soft:#3b1d1c;--good-soft:#15301f}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",Arial,sans-serif}
        main{max-width:1240px;margin:0 auto;padding:20px 16px 48px}header{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline}
        h1{font-size:26px;margin:0;letter-spacing:-.01em}h2{font-size:19px;margin:32px 0 10px}.when{margin:0;color:var(--soft)}
        .notice{margin:12px 0 0;padding:9px 12px;border:1px solid var(--rule);border-radius:8px;background:var(--card)}.notice.bad{border-color:var(--bad);background:var(--bad-soft);font-weight:600}
        .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px;margin:14px 0}.tiles div{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:9px 12px}
        .tiles dt{color:var(--soft);font-size:13px}.tiles dd{margin:0;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}.tiles .alarming dd{color:var(--bad)}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:12px}figure{margin:0;padding:12px;background:var(--card);border:1px solid var(--rule);border-radius:10px;min-width:0}
        figcaption{font-weight:600;margin-bottom:8px}figure svg{display:block;width:100%;height:auto}.none{color:var(--soft);margin:24px 0}
        .legend{display:flex;flex-wrap:wrap;gap:3px 14px;margin:8px 0 0;font-size:13px;color:var(--soft)}.legend span{display:inline-flex;align-items:center;gap:6px;overflow-wrap:anywhere}
        .legend i{flex:none;width:11px;height:11px;border-radius:3px;background:var(--c)}
        text{fill:var(--soft);font-size:11.5px;font-variant-numeric:tabular-nums}text.name{fill:var(--ink);font-size:12.5px}
        .s0{--c:var(--s0)}.s1{--c:var(--s1)}.s2{--c:var(--s2)}.s3{--c:var(--s3)}.s4{--c:var(--s4)}.s5{--c:var(--s5)}.good{--c:var(--good)}.bad{--c:var(--bad)}.idle{--c:var(--idle)}.all{--c:var(--ink)}.half{--c:var(--band)}.whisker{--c:var(--soft)}
        .datum{fill:var(--c)}.line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}.line.all{stroke-width:2.4}.band{fill:var(--band)}.grid{stroke:var(--grid)}.whisker{stroke:var(--soft);stroke-width:1.2}.datum.half{stroke:var(--s0);stroke-width:1}
        .bound{stroke:var(--bad);stroke-width:1.6;stroke-dasharray:4 3}.spark{width:80px;height:22px;display:block}.spark polyline{fill:none;stroke:var(--s0);stroke-width:1.6}
        .scroll{overflow-x:auto;border:1px solid var(--rule);border-radius:8px;background:var(--card)}table{border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums}
        th,td{text-align:left;padding:5px 8px;border-bottom:1px solid var(--rule);vertical-align:top;white-space:nowrap}th{color:var(--soft);font-weight:600;font-size:12.5px}tr:last-child td{border-bottom:0}
        td:last-child{white-space:normal;min-width:210px}.nodes td:nth-child(-n+2){white-space:normal}code{font:12px/1.4 ui-monospace,"Liberation Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}.epochs th{white-space:normal}
        a{color:var(--link)}details{margin-top:10px}summary{cursor:pointer;font-weight:600;padding:4px 0}.small{font-size:13px;color:var(--soft);margin:4px 0 8px;overflow-wrap:anywhere}.events{margin:4px 0 10px;padding-left:20px;font-size:14px}
        .status{display:inline-block;padding:0 8px;border-radius:99px;font-size:12.5px;font-weight:600;color:var(--c)}.status.good{background:var(--good-soft)}.status.bad{background:var(--bad-soft)}
        @media (max-width:700px){thead{position:absolute;left:-999em}table,tbody,tr,td{display:block}tr{padding:6px 0;border-bottom:1px solid var(--rule)}tr:last-child{border-bottom:0}
        td,td:last-child{display:flex;flex-wrap:wrap;gap:0 10px;border:0;padding:2px 10px;white-space:normal;min-width:0;overflow-wrap:anywhere}td::before{content:attr(data-label);flex:0 0 38%;color:var(--soft)}td>*{flex:none;max-width:100%}.history td:last-child,.nodes td:last-child{display:block}
        .history td:last-child::before,.nodes td:last-child::before{display:block}.nodes td:last-child:empty{display:none}}
        @media (max-width:480px){main{padding:14px 10px 32px}h1{font-size:22px}.tiles{grid-template-columns:repeat(2,1fr)}.tiles dd{font-size:18px}}
        """;
}
