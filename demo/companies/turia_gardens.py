"""Jardines del Turia: a small garden business in Valencia, in Spanish and euros."""

from decimal import Decimal

from demo.companies.company import (
    Company,
    CompanyPlan,
    CompanyPlanItem,
    CompanyService,
    CompanyTechnician,
    CompanyTexts,
)

IVA = Decimal(21)

TURIA = Company(
    id="biz_turia",
    slug="jardines-turia",
    name="Jardines del Turia",
    tagline="Su jardín, siempre cuidado",
    former_tagline="Jardinería en Valencia",
    primary_color="#3f7d2c",
    timezone_name="Europe/Madrid",
    locale="es-ES",
    currency="eur",
    email="hola@jardinesturia.example",
    phone="+34 960 000 140",
    stripe_account="acct_1JardinesTuriaDemo",
    country="ES",
    region="Valencia",
    yard_kind="garden",
    yard_count=3,
    signature_count=1,
    regular_service=CompanyService(
        id="srv_cesped",
        name="Cuidado del césped",
        duration_minutes=70,
        price=5_800,
        tax_percent=IVA,
        tasks=("Cortar el césped", "Perfilar los bordes", "Recoger las hojas", "Revisar el riego"),
        summaries=(
            "Césped cortado a 4 cm y bordes perfilados.",
            "Mucha hoja por el viento; todo recogido.",
            "Riego revisado: un aspersor ajustado.",
        ),
        contract_title="El jardín todo el año",
    ),
    occasional_services=(
        CompanyService(
            id="srv_poda",
            name="Poda de setos y naranjos",
            duration_minutes=120,
            price=16_500,
            tax_percent=IVA,
            tasks=("Podar los setos", "Podar los naranjos", "Retirar los restos"),
            summaries=("Setos igualados y restos retirados.",),
            contract_title="Poda trimestral",
        ),
    ),
    plan=CompanyPlan(
        "pln_jardin",
        "Jardín al Día",
        (CompanyPlanItem("itm_visitas", "Cuidado quincenal, dos visitas", 2, 5_200),),
        (CompanyPlanItem("itm_visitas", "Cuidado quincenal, dos visitas", 2, 4_900),),
    ),
    technicians=(
        CompanyTechnician("tec_amparo", "Amparo Ferrer", "team/amparo-ferrer.webp"),
        CompanyTechnician("tec_vicent", "Vicent Llopis", "team/vicent-llopis.webp"),
    ),
    customer_names=(
        *("Lucía Navarro Soler", "Finca Els Tarongers", "Javier Monzó", "Carmen Ribes", "Anna Schreiber"),
        *("Comunidad Alameda 7", "Rafael Ibáñez"),
    ),
    streets=("Carrer de la Sèquia {number}", "Camí de Montcada {number}", "Calle Azahar {number}"),
    cities=(("Godella", "46110"), ("Rocafort", "46111"), ("Bétera", "46117"), ("Paterna", "46980")),
    customer_phone="+34 960 000 1{number}",
    coordinates=(39.52, -0.41),
    texts=CompanyTexts(
        missed_reasons={
            "business": ("Se averió la furgoneta.", "El jardinero estaba enfermo."),
            "customer": ("No había nadie y la puerta estaba cerrada.",),
            "other": ("Alerta roja por lluvia.",),
        },
        cancellation_reasons={
            "customer": ("Esta semana estamos de viaje.",),
            "business": ("Cerrado por Fallas.",),
        },
        rescheduling_reasons={
            "customer": ("Le viene mejor otro día.", "Tiene invitados."),
            "business": ("Se espera lluvia.", "Cambio de ruta."),
        },
        reopening_reason="Se anotó en otra dirección por error.",
        retraction_reason="La foto es de otro jardín.",
        notes=("El limonero tiene cochinilla; conviene tratarlo.", "Falta abono en la zona de sombra."),
        instructions=("Llamar al timbre del portero.", "La puerta lateral está abierta."),
        captions={
            "before": ("Antes de empezar", "Así lo encontramos"),
            "after": ("Terminado", "Césped y bordes listos"),
            "signature": ("Firmado en el móvil del jardinero",),
        },
        plan_line="{plan}, {month}",
        month_names=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre"),
            *("octubre", "noviembre", "diciembre"),
        ),
        credit_reason="Por la visita que no hicimos",
        void_reason="Importe equivocado",
        cadences={1: "cada semana", 2: "cada dos semanas", 13: "una vez por trimestre"},
        contract_terms=(
            "Jardines del Turia cuida el jardín con la frecuencia acordada.",
            "Llegamos dentro de la franja prometida; lo que supere el margen acordado cuenta como retraso.",
            "Después de cada visita verá en su portal las fotos del trabajo.",
            "Las visitas que no hagamos se recuperan o se abonan.",
        ),
        report_title="Parte de trabajo",
    ),
)
